# R 4.2.2: the contrasting-groups cut of test_standards.py
x <- c(3, 4, 5, 5, 6, 6, 7, 8, 8, 9, 10, 11)
y <- c(0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1)
f <- glm(y ~ x, family = binomial, control = list(epsilon = 1e-14))
b <- coef(f); at <- -b[1] / b[2]; g <- -c(1, at) / b[2]
cat(format(c(at, sqrt(t(g) %*% vcov(f) %*% g)), digits = 12), "\n")
