//! Filters of local data groups.
