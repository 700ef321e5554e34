"""Why a file cannot be used: it is of another format, or its picture cannot be decoded."""
