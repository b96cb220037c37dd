# Expected values of tests/compare/test_firth.py. R 4.2.2, brglm2 0.9 (endometrial data of Heinze & Schemper 2002).
# Tests and profiles: the penalized likelihood of the whole model, searched by optim and uniroot.
suppressMessages(library(brglm2)); data(endometrial); options(digits = 15)
write.csv(endometrial, "endometrial.csv", row.names = FALSE, quote = FALSE)
fit <- glm(HG ~ NV + PI + EH, binomial, endometrial, method = "brglmFit", type = "AS_mean", epsilon = 1e-13, maxit = 10000)
print(cbind(coef(fit), sqrt(diag(vcov(fit)))))
x <- model.matrix(fit); y <- endometrial$HG; scale <- c(1, 1, 10, 1)  # columns of a like size, for optim
penalized <- function(b) { eta <- drop(x %*% b); p <- plogis(eta)
  sum(dbinom(y, 1, p, log = TRUE)) + determinant(crossprod(x * sqrt(p * (1 - p))))$modulus / 2 }
top <- penalized(coef(fit)); show(as.numeric(top))
profile <- function(j, value) { make <- function(v) { b <- numeric(4); b[j] <- value; b[-j] <- v / scale[-j]; b }
  v <- coef(fit)[-j] * scale[-j]
  for (turn in 1:4) v <- optim(v, function(v) -penalized(make(v)), method = "BFGS", control = list(reltol = 1e-16, maxit = 2000, ndeps = rep(1e-5, 3)))$par
  2 * as.numeric(top - penalized(make(v))) }
for (j in 1:4) { chi <- profile(j, 0); b <- coef(fit)[j]; s <- sqrt(vcov(fit)[j, j])
  ends <- sapply(c(-1, 1), function(side) uniroot(function(v) profile(j, v) - qchisq(.95, 1), sort(b + side * s * c(1, 5)), tol = 1e-11)$root)
  print(c(chi, pchisq(chi, 1, lower.tail = FALSE), ends)) }
o <- optimize(function(v) penalized(c(v, 0, 0, 0)), c(-5, 5), maximum = TRUE, tol = 1e-10); print(2 * as.numeric(top - o$objective))
