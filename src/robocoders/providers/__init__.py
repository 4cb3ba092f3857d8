"""Provider classes. The class `RobocodersAPI` lies in the module of the same name, which this package does not hide."""
