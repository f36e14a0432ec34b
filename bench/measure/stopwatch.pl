# Runs commands in turns and measures each: wall time from fork to the end, in milliseconds. It is written in perl,
# because the stopwatch must be small and fast compared with what it measures.
#
# Usage: stopwatch.pl ROUNDS UNCOUNTED, then on stdin one command per line: an expected exit status, then its words,
# all separated by tabs. Prints one line for each round: the times, in the order of the commands. The uncounted rounds
# come first: they fill the caches.
use strict;
use warnings;
use Time::HiRes 'clock_gettime', 'CLOCK_MONOTONIC';

my ($rounds, $uncounted) = @ARGV;
my @commands = map { chomp; [split /\t/] } <STDIN>;
for my $round (1 - $uncounted .. $rounds) {
  my @times;
  for my $command (@commands) {
    my ($expected, @argv) = @$command;
    my $start = clock_gettime(CLOCK_MONOTONIC);
    my $pid = fork() // die "fork: $!\n";
    if ($pid == 0) {
      open(STDIN, '<', '/dev/null');
      open(STDOUT, '>', '/dev/null');
      exec { $argv[0] } @argv or die "$argv[0]: $!\n";
    }
    waitpid($pid, 0);
    push @times, (clock_gettime(CLOCK_MONOTONIC) - $start) * 1000;
    my $status = $? >> 8;
    die "@argv: exit status $status instead of $expected\n" if ($? & 127) || $status != $expected;
  }
  print join(' ', map { sprintf '%.3f', $_ } @times), "\n" if $round > 0;
}
