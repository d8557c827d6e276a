#load "self.csx"
var selfx = 1;