"""亩均论英雄: firms scored by what they make of their land, classed, and heard."""
