# Expected values of tests/compare/test_adjusted.py. R 4.2.2, lm.
y <- c(12, 15, 11, 18, 20, 14, 16, 10, 9, 14, 12, 8, 11)
t <- rep(1:0, c(7, 6))
x <- c(5, 7, 4, 8, 9, 7, 6, 5, 4, 8, 6, 3, 7); z <- c(1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1)
s <- sqrt((6 * var(y[t == 1]) + 5 * var(y[t == 0])) / 11)
for (m in list(lm(y ~ t + x), lm(y ~ t + x + z))) {
  b <- coef(summary(m))["t", 1:2]; cat(sprintf("%.12g %.12g  S %.12g\n", b[1], b[2], s))
}
