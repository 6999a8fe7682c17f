"""The shell: settings, pages that span stations, demo. Knows everything, known by nobody."""
