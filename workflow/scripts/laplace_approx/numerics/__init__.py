"""Functions of arrays that know no density: quadrature, roots, factors, Monte Carlo errors."""
