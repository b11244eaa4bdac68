"""Sample data sets, drawn here: something to try Capforge with before one's own data is at hand."""
