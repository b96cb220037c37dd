# MatchIt 4.5.1 (R 4.2.2): its compiled search nn_matchC called directly, because the vectorized path that matchit() uses is
# broken in this build (issue 163: calipers change nothing). Prints the values used in test_matching.py.
suppressMessages(library(MatchIt))
d <- read.csv("/work/shared/data/nsw/lalonde_matchit.csv")
d$race <- factor(d$race, levels=c("black","hispan","white"))
f <- treat ~ age + educ + race + married + nodegree + re74 + re75
ps <- glm(f, d, family=binomial, control=list(epsilon=1e-14,maxit=100))$fitted
t <- setNames(d$treat, rownames(d)); n1 <- sum(t)
run <- function(tag, ord=order(ps[t==1],decreasing=TRUE), ratio=1L, reuse=1L, cal=NULL, ex=NULL, dist=ps, dm=NULL){
 mm <- MatchIt:::nn_matchC(as.integer(t) |> setNames(names(t)), as.integer(ord), rep(as.integer(ratio),n1), rep(FALSE,length(t)), as.integer(reuse), dist, dm, ex, cal, NULL,NULL,NULL,NULL,NULL,FALSE)
 w <- MatchIt:::weights.matrix(mm, t)
 cat(sprintf("%s pairs %d controls %d ATT %.9f\n", tag, sum(!is.na(mm)), sum(w[t==0]>0), weighted.mean(d$re78[t==1],w[t==1])-weighted.mean(d$re78[t==0],w[t==0])))
 mm
}
a <- run("plain")
a <- run("cal", cal=.2*sd(ps))
a <- run("cal.05", cal=.05*sd(ps))
l <- qlogis(ps); a<-run("callogit", dist=l, ord=order(l[t==1],decreasing=TRUE),cal=.2*sd(l))
a <- run("ratio2", ratio=2); 
a <- run("repl", reuse=1000L)
a <- run("repl2", ratio=2, reuse=1000L)
a <- run("exact", ex=as.integer(d$race))
a <- run("data", ord=seq_len(n1))
a <- run("smallest", ord=order(ps[t==1]))
