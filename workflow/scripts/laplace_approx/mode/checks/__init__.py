"""What must hold before a covariance is published: each module looks at one way to be wrong."""
