"""Where data came from and where it went: one graph, drawn, asked, and written in the formats of others."""
