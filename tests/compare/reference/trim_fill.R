# Expected values of test_trim_fill.py: metafor 3.8-1 with data of metadat, R 4.2.2.
suppressMessages(library(metafor)); options(digits = 15)
control <- list(threshold = 1e-14, tol = 1e-13, maxiter = 10000)
sets <- list(hackshaw = dat.hackshaw1998, raudenbush = dat.raudenbush1985, bangert = dat.bangertdrowns2004,
  bcg = escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg))
data <- do.call(rbind, lapply(names(sets), function(n) data.frame(set = n, yi = as.numeric(sets[[n]]$yi), vi = as.numeric(sets[[n]]$vi))))
write.csv(data, "trim_fill.csv", row.names = FALSE, quote = FALSE)
cat("set,method,estimator,side,k0,k0_se,p,value,se,tau2\n")
for (n in names(sets)) for (m in c("REML", "FE", "DL")) for (e in c("L0", "R0")) {
  f <- trimfill(rma(yi, vi, data = data[data$set == n, ], method = m, control = control), estimator = e, control = control)
  cat(paste(c(n, m, e, f$side, f$k0, format(c(f$se.k0, f$p.k0, f$beta, f$se, f$tau2), digits = 15, trim = TRUE)), collapse = ","), "\n", sep = "")
}
