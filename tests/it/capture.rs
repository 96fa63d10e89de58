//! Writes from any program are captured, played back, and get their verdicts.
