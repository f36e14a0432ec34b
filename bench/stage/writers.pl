# What else happens on a host: writes to /dev/null, a hundred times a second, and, once a second, to a file in each of
# the directories. Ends with stdin.
# Usage: writers.pl DIRECTORY…
use strict;
use warnings;

$| = 1;
sub add {
  my ($file) = @_;
  open(my $written, '>>', $file) or die "$file: $!\n";
  syswrite($written, 'x') or die "$file: $!\n";
}

while (1) {
  add("$_/log") for @ARGV;
  for (1 .. 100) {
    add('/dev/null');
    my $ready = '';
    vec($ready, 0, 1) = 1;
    exit if select($ready, undef, undef, 0.01);
  }
}
