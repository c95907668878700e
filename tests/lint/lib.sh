# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the checks share: where they run, which files are the project's, and
# how they complain.  A check sources this, calls wrong() for every finding
# and ends with finish().

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/pinbuf
findings=0

wrong() # MESSAGE...
{
	printf '%s\n' "$*"
	findings=$((findings + 1))
}

finish()
{
	if [ "$findings" -ne 0 ]; then
		exit 1
	fi
}

need() # COMMAND PACKAGE
{
	if ! command -v "$1" >/dev/null; then
		wrong "$1 is missing: apt install $2"
		exit 1
	fi
}

# Tracked files and those about to be, without what git ignores or misses.
sources() # PATHSPEC...
{
	local path

	git ls-files -co --exclude-standard -- "$@" | sort -u | while read -r path; do
		if [ -f "$path" ] && [ ! -L "$path" ]; then
			printf '%s\n' "$path"
		fi
	done
}

# bash and sh scripts, known by their first line, and the files they source.
shell_scripts()
{
	sources . | while read -r path; do
		if head -c 64 "$path" | LC_ALL=C grep -aqE '^#!(/usr)?/bin/(env )?(ba|da)?sh|shellcheck shell='; then
			printf '%s\n' "$path"
		fi
	done
}

# The kernel's kernel-doc, out of the headers that the module is built against.
kernel_doc()
{
	local path

	path=$(tests/vm/kernel 6.12) || exit 1
	path=$(echo "$path"/usr/lib/linux-kbuild-6.12*/scripts/kernel-doc)
	if [ ! -f "$path" ]; then
		wrong "Debian's headers for 6.12 have no kernel-doc ($path)" >&2
		exit 1
	fi
	printf '%s\n' "$path"
}

# Folder of those scripts that are in the kernel's source only, not in the headers.
source_scripts()
{
	local archive=/usr/src/linux-source-6.12.tar.xz top=linux-source-6.12/scripts dir part

	if [ ! -f "$archive" ]; then
		wrong "no $archive: apt install linux-source-6.12" >&2
		exit 1
	fi
	dir=$cache/lint/scripts-$(stat -Lc %s-%Y "$archive")
	if [ ! -d "$dir" ]; then
		mkdir -p "$cache/lint"
		part=$(mktemp -d "$cache/lint/part.XXXXXX")
		tar -C "$part" --strip-components=2 --occurrence=1 -xJf "$archive" \
			$top/checkpatch.pl $top/spelling.txt $top/const_structs.checkpatch \
			$top/get_abi.pl
		mv -T "$part" "$dir" 2>/dev/null || rm -rf "$part"
	fi
	printf '%s\n' "$dir"
}
