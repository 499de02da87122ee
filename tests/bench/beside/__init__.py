"""Programs of others that answer the same questions, to be measured in the same run. None is a dependency."""
