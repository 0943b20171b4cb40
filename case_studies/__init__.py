"""Problems with their results, one folder each."""
