"""`make demo`: the whole way from labelled images to a prediction over HTTP, on a cluster that it brings up itself."""
