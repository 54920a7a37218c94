"""The simulated platforms, one class a platform over one shared shell."""
