# Expected values of tests/compare/test_meta.py: metafor 3.8-1, clubSandwich 0.5.8, robumeta 2.0, R 4.2.2.
suppressMessages({library(metafor); library(clubSandwich); library(robumeta)})
options(digits = 15)
y <- c(-.88931133392,-1.58538865720,-1.34807314830,-1.44155119002,-.21754732221,-.78611558582,-1.62089822360,.01195233352,-.46941764874,-1.37134480347,-.33935882834,.44591340057,-.01731394822)
v <- c(.325584765004,.194581121398,.415367965368,.020010031902,.051210172170,.006905618456,.223017247572,.003961579298,.056434210463,.073024793613,.012412213972,.532505845200,.071404659684)
lat <- c(44,55,42,52,13,44,19,13,27,42,18,33,33)
year <- c(48,49,60,77,73,53,73,80,68,61,74,69,76)
ctl <- list(threshold = 1e-14, tol = 1e-13, maxiter = 10000)
show <- function(name, x) cat(name, paste(format(x, digits = 15), collapse = ", "), "\n")
for (m in c("FE", "DL", "HE", "HS", "SJ", "ML", "REML", "PM", "EB")) {
  f <- rma(y, v, method = m, control = ctl)
  show(m, c(f$beta, f$se, f$ci.lb, f$ci.ub, f$tau2, f$se.tau2, f$I2, f$H2, f$QE, f$QEp, logLik(f)))
  f <- rma(y, v, mods = cbind(lat, year), method = m, control = ctl, test = "knha")
  show(paste(m, "mods knha"), c(f$beta, f$se, f$tau2, f$se.tau2, f$I2, f$QE, f$QM, f$QMp, f$R2))
}
for (t in c("z", "t", "knha", "adhoc")) { f <- rma(y, v, test = t, control = ctl); p <- predict(f); show(t, c(f$se, f$ci.lb, f$ci.ub, f$pval, p$pi.lb, p$pi.ub)) }
f <- rma(y, v, control = ctl); print(confint(f, control = list(tol = 1e-12)), digits = 12)
f <- rma(y, v, mods = lat, control = ctl); show("lat", c(f$QM, f$QMp, f$R2)); print(confint(f, control = list(tol = 1e-12)), digits = 12)
f <- rma(y, v, control = ctl)
r <- regtest(f); show("regtest rma", c(r$zval, r$pval, r$est)); r <- regtest(f, model = "lm"); show("regtest lm", c(r$zval, r$pval, r$est))
r <- ranktest(f); show("rank", c(r$tau, r$pval))
l <- leave1out(f); show("l1o", l$estimate); show("l1o se", l$se); show("l1o tau2", l$tau2)
g <- c(1,1,1,2,2,3,3,3,4,4,4,4,5)
show("CR2 uni", unlist(coef_test(f, vcov = "CR2", cluster = g)[1, 1:5][-c(5)])); print(coef_test(f, vcov = "CR2", cluster = g), digits = 10)
fl <- rma(y, v, mods = lat, control = ctl); x <- coef_test(fl, vcov = "CR2", cluster = g); show("CR2 lat", c(x$beta, x$SE, x$df, x$p_Satt))
d <- data.frame(
  district = rep(c(11,12,18,27,56,58,71,86,91,108,644), c(4,4,3,4,4,11,3,8,6,5,4)),
  yi = c(-.18,-.22,.23,-.3,.13,-.26,.19,.32,.45,.38,.29,.16,.65,.36,.6,.08,.04,.19,-.06,-.18,0,0,-.28,-.04,-.3,.07,0,.05,-.08,-.09,.3,.98,1.19,-.07,-.05,-.01,.02,-.03,0,.01,-.1,.5,.66,.2,0,.05,.07,-.52,.7,-.03,.27,-.34,.12,.61,.04,-.05),
  vi = c(.118,.118,.144,.144,.014,.014,.015,.024,.023,.043,.012,.02,.004,.004,.007,.019,.007,.005,.004,.02,.018,.019,.022,.02,.021,.006,.007,.007,.007,.007,.015,.011,.01,.001,.001,.001,.001,.001,.001,.001,.001,.01,.011,.01,.009,.013,.013,.031,.031,.03,.03,.03,.087,.082,.067,.067))
d$school <- seq_len(nrow(d)); d$x <- (d$school %% 3) - 1; d$z <- d$district %% 7
write.csv(d, "konstantopoulos.csv", row.names = FALSE)
ctl <- list(optimizer = "nlminb", rel.tol = 1e-10)
for (m in c("REML", "ML")) {
  f <- rma.mv(yi, vi, random = ~1 | district/school, data = d, method = m, control = ctl)
  show(paste("3-level", m), c(f$beta, f$se, f$sigma2, logLik(f), f$QE))
  f2 <- rma.mv(yi, vi, mods = ~ x + z, random = ~1 | district/school, data = d, method = m, test = "t", control = ctl)
  show(paste("3-level mods", m), c(f2$beta, f2$se, f2$sigma2, logLik(f2), f2$QM, f2$QMp, f2$pval))
}
f <- rma.mv(yi, vi, random = ~1 | district/school, data = d, control = ctl)
x <- coef_test(f, vcov = "CR2", cluster = d$district); show("CR2 3-level", c(x$SE, x$tstat, x$df, x$p_Satt))
f2 <- rma.mv(yi, vi, mods = ~ x + z, random = ~1 | district/school, data = d, control = ctl)
x <- coef_test(f2, vcov = "CR2", cluster = d$district); show("CR2 3-level mods", c(x$SE, x$df, x$p_Satt))
x <- coef_test(f2, vcov = "CR1", cluster = d$district, test = "naive-t"); show("CR1 3-level mods", c(x$SE))
x <- confint(f, sigma2 = 1, control = list(tol = 1e-10)); print(x, digits = 10); x <- confint(f, sigma2 = 2, control = list(tol = 1e-10)); print(x, digits = 10)
rc <- robu(yi ~ x + z, data = d, studynum = district, var.eff.size = vi, rho = .8, small = TRUE, modelweights = "CORR")
show("robu CORR", c(rc$reg_table$b.r, rc$reg_table$SE, rc$reg_table$dfs, rc$reg_table$prob, rc$mod_info$tau.sq, rc$mod_info$I.2))
rh <- robu(yi ~ x + z, data = d, studynum = district, var.eff.size = vi, small = TRUE, modelweights = "HIER")
show("robu HIER", c(rh$reg_table$b.r, rh$reg_table$SE, rh$reg_table$dfs, rh$reg_table$prob, rh$mod_info$tau.sq, rh$mod_info$omega.sq))
data(hierdat)
write.csv(hierdat[, c("effectsize", "binge", "studyid", "var")], "hierdat.csv", row.names = FALSE)
rh <- robu(effectsize ~ binge, data = hierdat, studynum = studyid, var.eff.size = var, small = TRUE, modelweights = "HIER")
show("hierdat", c(rh$reg_table$b.r, rh$reg_table$SE, rh$reg_table$dfs, rh$mod_info$tau.sq, rh$mod_info$omega.sq))
