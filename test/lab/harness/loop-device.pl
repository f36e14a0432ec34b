#!/usr/bin/perl
# Attaches a file to a free loop device that is cleared when the last process closes it, prints its path, and keeps it
# open until standard input ends. losetup(8) can only set that afterwards: a run that is killed in between leaves the
# device.
# Usage: loop-device.pl FILE
use strict;
use warnings;

# From linux/loop.h; LOOP_CONFIGURE exists since Linux 5.8.
use constant { LOOP_CTL_GET_FREE => 0x4C82, LOOP_CONFIGURE => 0x4C0A, LO_FLAGS_AUTOCLEAR => 4 };

my ($path) = @ARGV;
open my $file, '+<', $path or die "$path: $!\n";
open my $control, '+<', '/dev/loop-control' or die "/dev/loop-control: $!\n";
# struct loop_config: descriptor, block size; of struct loop_info64 (232 bytes) the flags at 52; 64 bytes reserved.
my $config = pack 'L L x52 L x176 x64', fileno $file, 0, LO_FLAGS_AUTOCLEAR;

while (1) {
  my $number = ioctl $control, LOOP_CTL_GET_FREE, 0;
  die "LOOP_CTL_GET_FREE: $!\n" unless defined $number;
  my $device = '/dev/loop' . ($number + 0);
  open my $loop, '+<', $device or die "$device: $!\n";
  if (ioctl $loop, LOOP_CONFIGURE, $config) {
    $| = 1;
    print "$device\n";
    # The input ends when the parent closes it or has ended.
    1 while <STDIN>;
    exit;
  }
  # Another process has taken it first.
  die "$device: LOOP_CONFIGURE: $!\n" unless $!{EBUSY};
}
