/* SPDX-License-Identifier: MIT */
#ifndef PINBUFCTL_H
#define PINBUFCTL_H

/* exit statuses */
enum {
	PINBUFCTL_OK = 0,
	PINBUFCTL_FAILED = 1,
	PINBUFCTL_USAGE = 2,
};

/* argv[0] is the subcommand's name; each prints what went wrong itself */
int pinbufctl_info(int argc, char **argv);
int pinbufctl_stats(int argc, char **argv);
int pinbufctl_names(int argc, char **argv);
int pinbufctl_publish(int argc, char **argv);
int pinbufctl_unpublish(int argc, char **argv);
int pinbufctl_prove(int argc, char **argv);

#endif /* PINBUFCTL_H */
