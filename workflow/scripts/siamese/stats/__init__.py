"""What distances say: metrics, baselines, intervals, divisions."""
