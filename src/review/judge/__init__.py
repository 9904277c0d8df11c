"""Ask a language model about one finding at a time; it advises, and decides nothing."""
