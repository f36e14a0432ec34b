# Does with files what a QEMU does, and nothing else: keeps some open, becomes a user, opens one by its name. Its argv
# looks like libvirt's (`-name guest=… -uuid …`), by which migrate-guard recognises a QEMU.
#
# Reads one command per line: a command word, then arguments as x and hexadecimal digits. Answers each with one line.
# Ends with its stdin, so it never outlives the test.
use strict;
use warnings;
use Config;
use Fcntl ':mode', 'F_GETFL', 'O_RDONLY', 'O_RDWR', 'O_ACCMODE', 'O_NONBLOCK', 'O_NOCTTY';
use File::Path ();
use POSIX ();
use Errno;

my %name = map { my $value = Errno->can($_); $value ? ($value->() => $_) : () } keys %!;
my $arch = $Config{archname} =~ /^aarch64/ ? 'arm' : 'x86';
my %call = (
  mknodat => { x86 => 259, arm => 33 },
  capset => { x86 => 126, arm => 91 },
  mount => { x86 => 165, arm => 40 },
  umount2 => { x86 => 166, arm => 39 },
  unshare => { x86 => 272, arm => 97 },
);
# Flags of mount(2), by the options of mount(8); MNT_DETACH and UMOUNT_NOFOLLOW of umount2(2).
my %flag = (ro => 1, nosuid => 2, nodev => 4, noexec => 8, remount => 32, nosymfollow => 256, bind => 4096);
my ($detach, $nofollow) = (2, 8);
# Flags of unshare(2): CLONE_NEWNS and CLONE_NEWUSER.
my ($new_mounts, $new_users) = (0x00020000, 0x10000000);
# A longer path is walked in pieces; PATH_MAX includes the final NUL.
my $longest = 4095;

sub failure { return $name{ $! + 0 } // 'errno' . ($! + 0) }

sub numbers {
  my ($dev) = @_;
  return (($dev >> 8) & 0xfff) . ':' . (($dev & 0xff) | (($dev >> 12) & 0xfff00));
}

# Describes an open file or a path in the notation of migrate-guard's identities.
sub identity {
  my @stat = stat $_[0] or return failure();
  my ($dev, $inode, $mode, $rdev) = @stat[0, 1, 2, 6];
  return 'block ' . numbers($rdev) if S_ISBLK($mode);
  return 'file ' . numbers($dev) . " inode $inode" if S_ISREG($mode);
  return S_ISDIR($mode) ? 'directory' : 'other';
}

sub opened {
  my ($path, $flags) = @_;
  sysopen(my $file, $path, $flags | O_NONBLOCK | O_NOCTTY) or return failure();
  return identity($file);
}

# Changes the directory until the rest of a path is short enough for the kernel, and returns that rest.
sub reach {
  my ($path) = @_;
  while (length $path > $longest) {
    my $cut = rindex $path, '/', $longest;
    chdir substr($path, 0, $cut) or return undef;
    $path = substr $path, $cut + 1;
  }
  return $path;
}

sub mount_one {
  my ($source, $path, $type, $flags, $data) = @_;
  return syscall($call{mount}{$arch}, $source, $path, $type, $flags, $data) == 0;
}

# The mount points below a path, and those at the path itself; the innermost and uppermost first.
sub mounts_below {
  my ($base) = @_;
  open my $table, '<', '/proc/self/mountinfo' or return;
  my @paths = map { (split / /)[4] } <$table>;
  s/\\([0-7]{3})/chr oct $1/ge for @paths;
  return reverse grep { $_ eq $base || index($_, "$base/") == 0 } @paths;
}

my @held;
my %verbs = (
  hold => sub {
    my ($path, $mode) = @_;
    sysopen(my $file, $path, ($mode eq 'ro' ? O_RDONLY : O_RDWR) | O_NONBLOCK) or return failure();
    push @held, $file;
    return 'ok';
  },
  # Does what QEMU does when it hands over the file at a path (block/file-posix.c, raw_reconfigure_getfd): a file that
  # it holds open for writing is reopened read-only, by that path. `kept`: it holds no such file.
  'hand-over' => sub {
    my ($path) = @_;
    for my $file (@held) {
      return opened($path, O_RDONLY) if (fcntl($file, F_GETFL, 0) & O_ACCMODE) != O_RDONLY;
    }
    return 'kept';
  },
  become => sub {
    my ($uid, $gid, @groups) = @_;
    $) = join ' ', $gid, @groups ? @groups : $gid;
    POSIX::setgid($gid) or return failure();
    POSIX::setuid($uid) or return failure();
    return 'ok';
  },
  'drop-capabilities' => sub {
    my ($header, $data) = (pack('LL', 0x20080522, 0), pack('L6', (0) x 6));
    return syscall($call{capset}{$arch}, $header, $data) == 0 ? 'ok' : failure();
  },
  # Creates a mount namespace in which it may mount anything: the kernel allows that to every user together with a
  # user namespace.
  'unshare-user' => sub {
    return syscall($call{unshare}{$arch}, $new_users | $new_mounts) == 0 ? 'ok' : failure();
  },
  # Mounts a new tmpfs, or the entry at another path (`bind`); the options are those of mount(8).
  mount => sub {
    my ($path, $source, @options) = @_;
    my ($flags, $none) = (0, '');
    $flags |= $flag{$_} for @options;
    if ($source eq 'tmpfs') {
      my $mode = 'mode=755';
      return mount_one($source, $path, $source, $flags, $mode) ? 'ok' : failure();
    }
    mount_one($source, $path, $none, $flag{bind}, $none) or return failure();
    # A bind mount gets its options only by a second mount (mount(2)).
    return 'ok' if !@options || mount_one($none, $path, $none, $flags | $flag{bind} | $flag{remount}, $none);
    return failure();
  },
  # Creates and removes file trees; none of these commands follows a link at the end of a path.
  mkdir => sub { return mkdir($_[0], $_[1]) ? 'ok' : failure() },
  symlink => sub { return symlink($_[1], $_[0]) ? 'ok' : failure() },
  file => sub { return open(my $file, '>', $_[0]) ? 'ok' : failure() },
  own => sub {
    my ($path, $uid, $gid, $mode) = @_;
    POSIX::lchown($uid, $gid, $path) // return failure();
    return -l $path || chmod($mode, $path) ? 'ok' : failure();
  },
  unlink => sub { return unlink($_[0]) ? 'ok' : failure() },
  # Mounts inside are removed first, which uncovers the entries below them.
  'remove-tree' => sub {
    my ($base) = @_;
    while (my @paths = mounts_below($base)) {
      for my $path (@paths) {
        my $rest = reach($path);
        defined $rest && syscall($call{umount2}{$arch}, $rest, $detach | $nofollow);
        chdir '/';
      }
    }
    File::Path::remove_tree($base, { safe => 0 });
    return -e $base ? 'EBUSY' : 'ok';
  },
  # Leaves a zombie: a child that has ended and is never waited for.
  'leave-zombie' => sub {
    my $pid = fork() // return failure();
    exec 'true', @_ if $pid == 0;
    return $pid;
  },
  # Follows links as the kernel does, with this process's rights.
  stat => sub { return identity($_[0]) },
  open => sub { return join ',', opened($_[0], O_RDONLY), opened($_[0], O_RDWR) },
  mknod => sub {
    my ($path, $type, $mode, $major, $minor) = @_;
    my $kind = { b => S_IFBLK, c => S_IFCHR, s => S_IFSOCK, p => S_IFIFO }->{$type};
    my $dev = ($minor & 0xff) | ($major << 8) | (($minor & ~0xff) << 12);
    return syscall($call{mknodat}{$arch}, -100, $path, $kind | $mode, $dev) == 0 ? 'ok' : failure();
  },
);

umask 0;
$| = 1;
print "ready\n";
while (my $line = <STDIN>) {
  chomp $line;
  my ($verb, @arguments) = split / /, $line;
  s/^x([0-9a-f]*)$/pack 'H*', $1/e for @arguments;
  my $makes = $verb =~ /^(?:mkdir|symlink|file|own|mknod|mount)$/;
  $arguments[0] = reach($arguments[0]) // $arguments[0] if $makes;
  # syscall() treats an argument that looks like a number as a number, once it was used as one.
  @arguments = map { /^[0-9]+$/ ? $_ + 0 : $_ } @arguments;
  print $verbs{$verb}->(@arguments), "\n";
  chdir '/' if $makes;
}
