# Expected values of test_link.py: characteristic-curve linking by general-purpose minimisation. R 4.2.2, base and numDeriv.
a1 <- c(0.9, 1.2, 0.7, 1.5, 1.1); b1 <- c(-1.2, -0.4, 0.1, 0.8, 1.6); c1 <- c(.2, .15, .25, .1, .2)
a2 <- c(0.8, 1.0, 0.65, 1.2, 1.0); b2 <- c(-0.9, 0.1, 0.5, 1.5, 2.3); c2 <- c(.18, .2, .22, .12, .17)
se <- rep(c(.1, .12, .02), each = 5)
q <- seq(-4, 4, .05)
P <- function(t, a, b, c) sapply(seq_along(a), function(j) c[j] + (1 - c[j]) * plogis(a[j] * (t - b[j])))
loss <- function(p, w, kind, direction, x, y) {
  A <- p[1]; B <- p[2]; w <- w / sum(w)
  ax <- x[1:5]; bx <- x[6:10]; cx <- x[11:15]; ay <- y[1:5]; by <- y[6:10]; cy <- y[11:15]
  s <- function(d) if (kind == "SL") sum(w * rowSums(d)^2) else sum(w * d^2)
  to <- s(P(q, ay, by, cy) - P(q, ax / A, A * bx + B, cx))
  from <- s(P(q, ax, bx, cx) - P(q, ay * A, (by - B) / A, cy))
  switch(direction, to = to, from = from, symmetric = to + from)
}
fit <- function(w, kind, direction, x = c(a1, b1, c1), y = c(a2, b2, c2)) {
  o <- list(par = c(1, 0))
  for (i in 1:3) o <- optim(o$par, loss, w = w, kind = kind, direction = direction, x = x, y = y, method = "Nelder-Mead",
    control = list(reltol = 1e-16, maxit = 5000))
  o <- nlminb(o$par, loss, w = w, kind = kind, direction = direction, x = x, y = y,
    control = list(rel.tol = 1e-15, x.tol = 1e-12))
  c(o$par, o$objective)
}
for (kind in c("SL", "H")) for (direction in c("symmetric", "to", "from"))
  cat(kind, direction, "uniform", sprintf("%.8f", fit(rep(1, 161), kind, direction)), "\n")
cat("SL symmetric normal", sprintf("%.8f", fit(dnorm(q), "SL", "symmetric")), "\n")
cat("H to normal", sprintf("%.8f", fit(dnorm(q), "H", "to")), "\n")
# standard errors: the minimiser differentiated as a black box
G <- function(z, w, kind, direction) fit(w, kind, direction, z[1:15], z[16:30])[1:2]
for (kind in c("SL", "H")) {
  J <- numDeriv::jacobian(G, c(a1, b1, c1, a2, b2, c2), method = "simple", method.args = list(eps = 1e-3),
    w = rep(1, 161), kind = kind, direction = "symmetric")
  V <- J %*% diag(c(se, se)^2) %*% t(J)
  cat(kind, "SE", sprintf("%.5f", c(sqrt(diag(V)), V[1, 2])), "\n")
}
