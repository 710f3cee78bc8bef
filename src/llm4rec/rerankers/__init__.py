"""Better-ordered candidates: diversity, novelty, calibration, fairness, rules, exploration."""
