"""Everything but the prediction itself: descriptions, health, metrics, the operator's door. Comfortable, not hot."""
