"""The interpreter: carries out any plan on Temporal. It decides; activities do."""
