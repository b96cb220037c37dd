"""Bayesian knowledge tracing: the chance that a learner knows a skill after each response.

Sources: Corbett and Anderson (1995); forward-backward recursions of hidden Markov models; EM of Baum et al. (1970).
"""

from blended_standard.scoring.bkt.model import KnowledgeTracing, Trace, fit, trace

__all__ = ["KnowledgeTracing", "Trace", "fit", "trace"]
