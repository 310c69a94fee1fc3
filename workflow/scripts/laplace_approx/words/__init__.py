"""Text for people: numbers, points and directions, and the valid name nearest to a wrong one."""
