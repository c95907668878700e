# SPDX-License-Identifier: MIT
# Reads uapi/linux/pinbuf.h and writes a C program whose assembly holds the
# offset and size of every struct and field and the value of every constant, on
# lines that begin with "->".  Nothing is run, so any -m of the compiler will do.

BEGIN {
	print "#include <stddef.h>"
	print "#include <linux/pinbuf.h>"
	print "#define TELL(what, a, b) \\"
	print "\t__asm__ volatile(\"\\n->\" what \" %c0 %c1\" : : \"i\"(a), \"i\"(b))"
	print "#define HIGH(n) ((int)((unsigned long long)(n) >> 32))"
	print "void tell(void);"
	print "void tell(void)\n{"
}

/^struct [a-z_]+ {/ {
	name = $2
	printf "TELL(\"struct %s\", 0, sizeof(struct %s));\n", name, name
	next
}

/^}/ { name = "" }

name && /;/ {
	field = $0
	sub(/;.*/, "", field)
	sub(/\[.*/, "", field)
	sub(/.*[ \t]/, "", field)
	printf "TELL(\"%s.%s\", offsetof(struct %s, %s), sizeof(((struct %s *)0)->%s));\n",
		name, field, name, field, name, field
}

/^#define PINBUF_[A-Z_]+[ \t]/ {
	printf "TELL(\"%s\", HIGH(%s), (int)(%s));\n", $2, $2, $2
}

END { print "}" }
