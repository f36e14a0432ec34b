# Re-points links, each by a rename, evenly spread over a time. Prints the seconds that it took.
# Usage: re-point.pl SECONDS, and on stdin one line for each: LINK TARGET
use strict;
use warnings;
use Time::HiRes 'sleep', 'time';

my ($seconds) = @ARGV;
my @changes = map { [split] } <STDIN>;
my $start = time;
for my $index (0 .. $#changes) {
  my ($link, $target) = @{$changes[$index]};
  symlink($target, "$link.new") or die "$link.new: $!\n";
  rename("$link.new", $link) or die "$link: $!\n";
  my $early = $start + $seconds * ($index + 1) / @changes - time;
  sleep $early if $early > 0.005;
}
printf "%.1f\n", time - $start;
