"""What foresight is worth on recorded calls: the replay without a daemon, its table and its ablation."""
