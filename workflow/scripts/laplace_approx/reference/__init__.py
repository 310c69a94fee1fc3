"""The exact side in any dimension: adapted importance draws of a posterior, and their errors."""
