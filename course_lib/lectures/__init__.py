"""What single lectures show: the race and own rules, conventions, graphs, source in a notebook."""
