"""Rewards: the points ledger, incentives with their codes, and referrals."""
