"""The graph in the formats of others. Each is a pure function of the graph, and names everything as the graph does.

`portal` is the portal's address, for links to pages; names never hold it.
"""
