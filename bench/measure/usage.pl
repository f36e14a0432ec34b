# Runs one command with this program's input, and measures what it and all processes that it started used together.
#
# Usage: usage.pl COMMAND…; prints the exit status, milliseconds of processor time (user and system), and KiB of
# memory: the maximum that they had resident at the same time (proc(5)), sampled every 2 ms. Pages of files are Node's
# own code, the same pages for all processes: only those of the process with most of them count.
use strict;
use warnings;
use Config;

my $onArm = $Config{archname} =~ /^aarch64/;
my ($prctl, $getrusage) = $onArm ? (167, 165) : (157, 98);
my ($becomeSubreaper, $children) = (36, -1);
my $interval = 0.002;

# Children that outlive the command become our children; otherwise their time would be lost.
syscall($prctl, $becomeSubreaper, 1, 0, 0, 0) == 0 or die "prctl: $!\n";
my $pid = fork() // die "fork: $!\n";
if ($pid == 0) {
  open(STDOUT, '>', '/dev/null');
  exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n";
}

sub content {
  open(my $file, '<', $_[0]) or return '';
  local $/;
  return <$file> // '';
}

sub familyOf {
  my ($process) = @_;
  return ($process, map { familyOf($_) } split ' ', content("/proc/$process/task/$process/children"));
}

sub residentOf {
  my ($own, $ofFiles) = (0, 0);
  for my $process (@_) {
    my %kibibytes = content("/proc/$process/status") =~ /^(Rss\w+):\s+(\d+)/mg;
    $own += ($kibibytes{RssAnon} // 0) + ($kibibytes{RssShmem} // 0);
    my $mapped = $kibibytes{RssFile} // 0;
    $ofFiles = $mapped if $mapped > $ofFiles;
  }
  return $own + $ofFiles;
}

my ($status, $memory) = (undef, 0);
while (1) {
  my $ended = waitpid(-1, 1);
  last if $ended < 0;
  $status = $? if $ended == $pid;
  next if $ended > 0;
  my (undef, @others) = familyOf($$);
  my $now = residentOf(@others);
  $memory = $now if $now > $memory;
  select(undef, undef, undef, $interval);
}
my $usage = "\0" x 144;
syscall($getrusage, $children, $usage) == 0 or die "getrusage: $!\n";
my ($seconds, $microseconds, $ofSystem, $andMicroseconds) = unpack 'q4', $usage;
my $processor = ($seconds + $ofSystem) * 1000 + ($microseconds + $andMicroseconds) / 1000;
# As in a shell: a command that a signal ended has not succeeded.
my $exit = $status & 127 ? 128 + ($status & 127) : $status >> 8;
printf "%d %.3f %d\n", $exit, $processor, $memory;
