"""What speaks for a change: one module for each sort of observation, each a pure function of the window of cases."""
