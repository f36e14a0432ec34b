# A file system in user space, as small as possible: one file in its root, `disk.0`. It can stop answering, like
# storage whose server has gone. It implements the kernel's own protocol (include/uapi/linux/fuse.h), so no package is
# needed.
#
# Its descriptor 3 is /dev/fuse, mounted already. Reads one word per line and answers `ok`:
#   serve        every request is answered, pending ones included
#   no-lookup    no lookup of a name is answered
#   no-read      files can be opened, and no read is answered
#   only-statfs  only statfs (free space) is answered
# A request that was read from the kernel and is not answered blocks its process in the kernel, where no signal ends
# it (fs/fuse/dev.c, request_wait_answer), until this process ends.
use strict;
use warnings;
use Errno;

my ($uid) = @ARGV;
my $version = pack 'L2', 7, 31;
my %call = (LOOKUP => 1, FORGET => 2, GETATTR => 3, OPEN => 14, READ => 15, STATFS => 17, RELEASE => 18,
  FLUSH => 25, INIT => 26, OPENDIR => 27, READDIR => 28, RELEASEDIR => 29, INTERRUPT => 36, BATCH_FORGET => 42);
my %name = reverse %call;
my ($root, $file) = (1, 2);

my %answered = (
  'serve' => sub { 1 },
  'no-lookup' => sub { $_[0] ne 'LOOKUP' },
  'no-read' => sub { $_[0] ne 'READ' },
  'only-statfs' => sub { $_[0] =~ /^(STATFS|INIT)$/ },
);
my $mode = 'serve';
my @waiting;

sub attributes {
  my ($node) = @_;
  my $is_root = $node == $root;
  my ($size, $bits) = $is_root ? (0, 040755) : (1 << 20, 0100660);
  my $owner = $is_root ? 0 : $uid;
  # ino size blocks atime mtime ctime, their nanoseconds, mode nlink uid gid rdev blksize flags
  return pack 'Q6 L3 L7', $node, $size, $size >> 9, 0, 0, 0, 0, 0, 0, $bits, 1, $owner, $owner, 0, 4096, 0;
}

# A validity of zero makes the kernel ask again each time.
my %reply = (
  INIT => sub { return $version . pack 'L2 S2 L2 S2 L8', 65536, 0, 12, 9, 65536, 1, 1, 0, (0) x 8 },
  GETATTR => sub { return pack('Q L2', 0, 0, 0) . attributes($_[0]) },
  LOOKUP => sub {
    my ($node, $argument) = @_;
    return undef if $argument ne "disk.0\0";
    return pack('Q4 L2', $file, 0, 0, 0, 0, 0) . attributes($file);
  },
  STATFS => sub { return pack 'Q5 L4 L6', 1 << 20, 1 << 19, 1 << 19, 2, 0, 4096, 255, 4096, 0, (0) x 6 },
  OPEN => sub { return pack 'Q L2', 0, 0, 0 },
  OPENDIR => sub { return pack 'Q L2', 0, 0, 0 },
  # Zeros. After a short answer the kernel takes the file for as short (fs/fuse/file.c, fuse_read_update_size).
  READ => sub { return "\0" x unpack 'x16 L', $_[1] },
  (map { $_ => sub { return '' } } qw(READDIR RELEASE RELEASEDIR FLUSH)),
);

sub answer {
  my ($unique, $name, $node, $argument) = @_;
  my $make = $reply{$name};
  my $body = $make ? $make->($node, $argument) : undef;
  my $error = $make ? -&Errno::ENOENT : -&Errno::ENOSYS;
  my $out = defined $body ? pack('L l Q', 16 + length $body, 0, $unique) . $body : pack 'L l Q', 16, $error, $unique;
  # The process that sent the request may have ended.
  syswrite $main::fuse, $out;
}

sub take {
  my ($request) = @_;
  my ($length, $opcode, $unique, $node, undef, undef, $pid) = unpack 'L2 Q2 L3', $request;
  my $name = $name{$opcode} // "opcode $opcode";
  return if $name =~ /FORGET$|^INTERRUPT$/;
  my @asked = ($unique, $name, $node, substr $request, 40);
  if ($answered{$mode}->($name)) { answer(@asked) }
  else { push @waiting, \@asked; print "waiting $name $pid\n" }
}

sub obey {
  my ($word) = @_;
  $mode = $word;
  my @left;
  for my $asked (@waiting) {
    if ($answered{$mode}->($asked->[1])) { answer(@$asked) }
    else { push @left, $asked }
  }
  @waiting = @left;
  print "ok\n";
}

open our $fuse, '+<&=', 3 or die "descriptor 3: $!";
binmode $fuse;
$| = 1;
print "ready\n";
my $commands = '';
while (1) {
  vec(my $ready = '', 0, 1) = 1;
  vec($ready, 3, 1) = 1;
  next if select($ready, undef, undef, undef) < 0;
  if (vec $ready, 3, 1) {
    my $read = sysread $fuse, my $request, 1 << 20;
    # The file system was unmounted.
    last if !defined $read && $!{ENODEV};
    take($request) if $read;
  }
  if (vec $ready, 0, 1) {
    sysread(STDIN, $commands, 4096, length $commands) or last;
    obey($1) while $commands =~ s/^([^\n]*)\n//;
  }
}
