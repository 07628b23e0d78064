module compiled

go 1.27
