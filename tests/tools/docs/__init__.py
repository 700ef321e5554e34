"""The pages say what is true: links, names, settings and calls exist, and procedures run as they are written."""
