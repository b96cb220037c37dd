# Expected values of test_equating.py. R 4.2.2, base only: glm for the loglinear models, approx for percentile ranks,
# weighted data frames for the anchor methods, and a plain bootstrap-free delta method by numDeriv on the moments.
P1 <- 100 * matrix(c(.04,.04,.02,0, .04,.08,.02,.01, .06,.12,.05,.02, .03,.12,.05,.05, .02,.03,.04,.06, .01,.01,.02,.06), 6, byrow = TRUE)
P2 <- 100 * matrix(c(.04,.03,.01,0, .07,.05,.07,.01, .03,.05,.12,.02, .03,.04,.13,.05, .02,.02,.05,.06, .01,.01,.02,.06), 6, byrow = TRUE)
rank_of <- function(f, at, lo) approx(c(lo - .5, lo + seq_along(f) - .5), c(0, cumsum(f / sum(f))), at, rule = 2)$y
score_of <- function(f, p, lo) approx(c(0, cumsum(f / sum(f))), c(lo - .5, lo + seq_along(f) - .5), p, rule = 2)$y
fe <- function(w) {
  h1 <- colSums(P1) / sum(P1); h2 <- colSums(P2) / sum(P2)
  fx <- w * rowSums(P1) / sum(P1) + (1 - w) * as.vector(sweep(P1, 2, colSums(P1), "/") %*% h2)
  gy <- w * as.vector(sweep(P2, 2, colSums(P2), "/") %*% h1) + (1 - w) * rowSums(P2) / sum(P2)
  list(f = fx, g = gy)
}
for (w in c(1, .5)) { s <- fe(w); cat("FE", w, sprintf("%.10f", score_of(s$g, rank_of(s$f, 0:5, 0), 0)), "\n")
  m <- sum(0:5 * s$f); k <- sum(0:5 * s$g)
  sl <- sqrt(sum((0:5 - k)^2 * s$g) / sum((0:5 - m)^2 * s$f)); cat("BH (N)", w, sprintf("%.10f", c(k - sl * m, sl)), "\n") }
v <- score_of(colSums(P1), rank_of(rowSums(P1), 0:5, 0), 0)
cat("chained", sprintf("%.10f", score_of(rowSums(P2), rank_of(colSums(P2), v, 0), 0)), "\n")
# loglinear, joint: powers to 2 and 2 and the product
d <- expand.grid(x = 0:5, v = 0:3); d$n <- as.vector(P1)
g <- glm(n ~ x + I(x^2) + v + I(v^2) + I(x * v), poisson, d, control = list(epsilon = 1e-14, maxit = 100))
cat("joint deviance", sprintf("%.8f", deviance(g)), df.residual(g), "aic", sprintf("%.8f", AIC(g)), "bic", sprintf("%.8f", BIC(g)), "\n")
cat("fitted row 3", sprintf("%.8f", fitted(g)[d$x == 2]), "\n")
# delta method: moments of each group, Jacobian by numDeriv, empirical covariance of (x, v, xx, vv, xv)
long <- function(P) { d <- expand.grid(x = 0:5, v = 0:3); d[rep(1:24, round(as.vector(P))), ] }
mom <- function(D) { x <- D$x - mean(D$x); v <- D$v - mean(D$v); c(mean(D$x), mean(D$v), mean(x^2), mean(v^2), mean(x * v)) }
om <- function(D) { m <- mom(D); x <- D$x - m[1]; v <- D$v - m[2]; Z <- cbind(x, v, x^2 - m[3], v^2 - m[4], x * v - m[5]); crossprod(Z) / nrow(D)^2 }
D1 <- long(P1); D2 <- long(P2)
line <- function(z, gam, w) { m <- z[1:5]; k <- z[6:10]; g <- gam(m); h <- gam(k); dm <- m[2] - k[2]; ds <- m[4] - k[4]
  mx <- m[1] - (1 - w) * g * dm; my <- k[1] + w * h * dm
  vx <- m[3] - (1 - w) * g^2 * ds + w * (1 - w) * g^2 * dm^2; vy <- k[3] + w * h^2 * ds + w * (1 - w) * h^2 * dm^2
  my + sqrt(vy / vx) * (0:5 - mx) }
gams <- list(tucker = function(m) m[5] / m[4], internal = function(m) m[3] / m[5], external = function(m) (m[3] + m[5]) / (m[4] + m[5]))
chain <- function(z) { m <- z[1:5]; k <- z[6:10]; v <- m[2] + sqrt(m[4] / m[3]) * (0:5 - m[1]); k[1] + sqrt(k[3] / k[4]) * (v - k[2]) }
O <- matrix(0, 10, 10); O[1:5, 1:5] <- om(D1); O[6:10, 6:10] <- om(D2); z <- c(mom(D1), mom(D2))
for (n in names(gams)) { J <- numDeriv::jacobian(line, z, gam = gams[[n]], w = .5)
  cat(n, sprintf("%.8f", line(z, gams[[n]], .5)), "SE", sprintf("%.8f", sqrt(diag(J %*% O %*% t(J)))), "\n") }
J <- numDeriv::jacobian(chain, z); cat("chained linear", sprintf("%.8f", chain(z)), "SE", sprintf("%.8f", sqrt(diag(J %*% O %*% t(J)))), "\n")
sg <- function(m) m[2] + sqrt(m[4] / m[3]) * (0:5 - m[1])
J <- numDeriv::jacobian(sg, mom(D1)); cat("single group", sprintf("%.8f", sqrt(diag(J %*% om(D1) %*% t(J)))), "\n")
