"""The demonstration: a campus VLAN change over simulated devices, with one of three endings, each proven."""
