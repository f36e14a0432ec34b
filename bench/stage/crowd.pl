# Starts processes that stand for QEMUs, each in a mount namespace with a private /dev, as libvirt creates them. One
# perl starts all of them: a thousand take seconds, and each is as small as a shell that waits.
#
# Reads one line for each domain: name, uuid, uid, number of other descriptors, then LINK=NODE=MAJOR:MINOR for each
# disk. Replies to each with the pid; an empty line ends the list. All processes end with stdin.
use strict;
use warnings;
use Config;
use POSIX ();

my $arch = $Config{archname} =~ /^aarch64/ ? 'arm' : 'x86';
my %call = (
  unshare => { x86 => 272, arm => 97 },
  mount => { x86 => 165, arm => 40 },
  umount2 => { x86 => 166, arm => 39 },
  mknodat => { x86 => 259, arm => 33 },
);
my ($newNamespace, $detach, $block, $character) = (0x20000, 2, 0060000, 0020000);

sub kernel {
  my ($name, @arguments) = @_;
  syscall($call{$name}{$arch}, @arguments) == 0 or die "$name: $!\n";
}

sub node {
  my ($path, $type, $major, $minor, $mode) = @_;
  kernel('mknodat', -100, $path, $type | $mode, ($minor & 0xff) | ($major << 8) | (($minor & ~0xff) << 12));
}

sub becomeQemu {
  my ($name, $uuid, $uid, $others, @disks) = @_;
  kernel('unshare', $newNamespace);
  kernel('umount2', '/dev', $detach);
  kernel('mount', 'devfs', '/dev', 'tmpfs', 0, 'mode=755,size=64k');
  node('/dev/null', $character, 1, 3, 0666);
  mkdir '/dev/storpool' or die "mkdir: $!\n";
  my @held;
  for my $disk (@disks) {
    my ($link, $device, $numbers) = split /=/, $disk;
    my ($major, $minor) = split /:/, $numbers;
    node($device, $block, $major + 0, $minor + 0, 0660);
    chown($uid, $uid, $device) or die "chown: $!\n";
    # libvirt writes a relative link in this form.
    (my $directory = $link) =~ s{/[^/]+$}{};
    (my $base = $device) =~ s{^.*/}{};
    symlink("$directory/../$base", $link) or die "symlink: $!\n";
    open(my $file, '+<', $device) or die "$device: $!\n";
    push @held, $file;
  }
  for (1 .. $others) {
    open(my $file, '<', '/dev/null') or die "/dev/null: $!\n";
    push @held, $file;
  }
  $) = "$uid $uid";
  POSIX::setgid($uid) and POSIX::setuid($uid) or die "setuid: $!\n";
  exec 'sh', '-c', 'read line', 'sh', '-name', "guest=$name,debug-threads=on", '-S', '-uuid', $uuid;
}

# Files stay open after exec.
$^F = 1 << 16;
umask 0;
$| = 1;
pipe(my $lifeline, my $end) or die "pipe: $!\n";
while (my $line = <STDIN>) {
  my @words = split ' ', $line;
  last unless @words;
  my $pid = fork() // die "fork: $!\n";
  if ($pid == 0) {
    close $end;
    open(STDIN, '<&=', fileno $lifeline) or die "stdin: $!\n";
    POSIX::dup2(fileno $lifeline, 0);
    open(STDOUT, '>', '/dev/null');
    eval { becomeQemu(@words); 1 } or print STDERR $@;
    POSIX::_exit(1);
  }
  print "$pid\n";
}
print "ready\n";
1 while <STDIN>;
