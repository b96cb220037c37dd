# lme4 1.1-31, lmerTest 3.1-3, R 4.2.2. Prints the values used in test_multilevel.py.
suppressMessages({library(lme4); library(lmerTest)}); options(digits = 12)
h <- read.csv("/work/shared/data/hsb82/hsb82.csv"); h$catholic <- as.numeric(h$sector == "Catholic")
x <- read.csv("/work/shared/data/exam/exam.csv")
ctl <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e5), check.conv.grad = "ignore")
show <- function(tag, f, d, REML = TRUE) {
  m <- lmer(f, d, REML = REML, control = ctl)
  cat("==", tag, "\n"); print(coef(summary(m)), digits = 12); print(as.data.frame(VarCorr(m)), digits = 12)
  cat("crit", format(if (REML) REMLcrit(m) else -2 * as.numeric(logLik(m)), digits = 14), "\n"); m
}
m <- show("null", mAch ~ 1 + (1 | school), h)
r <- ranef(m, condVar = TRUE)$school; v <- attr(r, "postVar")[1, 1, ]
show("ses+sector REML", mAch ~ ses + catholic + (1 | school), h) -> a
show("ses+sector ML", mAch ~ ses + catholic + (1 | school), h, FALSE) -> b
show("slopes", mAch ~ cses * catholic + meanses + (cses | school), h) -> s
show("exam REML", normexam ~ standLRT + (1 | school), x) -> e
show("exam ML", normexam ~ standLRT + (1 | school), x, FALSE) -> e
show("exam slopes ML", normexam ~ standLRT + (standLRT | school), x, FALSE) -> es
show("sleep", Reaction ~ Days + (Days | Subject), sleepstudy) -> sl
cat("postVar slopes school 1 of exam\n"); r <- ranef(es, condVar = TRUE)$school; print(r[1, ], digits = 12); print(attr(r, "postVar")[, , 1], digits = 12)
cat("profile CI of sd, null and exam\n")
print(confint(m, parm = ".sig01", quiet = TRUE), digits = 12)
print(confint(lmer(normexam ~ standLRT + (1 | school), x, control = ctl), parm = ".sig01", quiet = TRUE), digits = 12)
