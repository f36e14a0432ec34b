# Changes the entry under one name as fast as one process can, until it is killed. Prints a line after the first
# change: from then on, the original entry does not occur any more.
#   flipper.pl exchange SEED NAME SPARE…   puts another name of each SPARE there, or nothing for `gone`, in random order;
#                                          one rename(2) each, so that at every moment one complete entry is there
#   flipper.pl parent SEED NAME TARGET     in turn a directory, nothing, a link to TARGET, nothing
use strict;
use warnings;

my ($what, $seed, $name, @words) = @ARGV;
srand $seed;
$| = 1;

my $temporary = "$name.flip";
sub exchange {
  my $spare = $words[rand @words];
  if ($spare eq 'gone') { unlink $name; return }
  if (-l $spare) { symlink readlink($spare), $temporary }
  else { link $spare, $temporary }
  rename $temporary, $name;
  # If both names are of one file, rename(2) leaves both.
  unlink $temporary;
}

sub parent {
  mkdir $name;
  rename $name, "$name.old";
  symlink $words[0], $name;
  unlink $name;
  unlink glob "$name.old/{*,.m*}";
  rmdir "$name.old";
}

my $change = { exchange => \&exchange, parent => \&parent }->{$what};
$change->();
print "on\n";
$change->() while 1;
