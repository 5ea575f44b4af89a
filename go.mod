module nubitalk

go 1.26
