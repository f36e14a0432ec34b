#!/usr/bin/perl
# Stands for a program that OpenNebula's user could have replaced or traced: it tries what it can on root's terminal,
# and records what it got of root (thief.ts). Then it prints its prepared answer, or fails.
use strict;
use warnings;

my $notes = '/mnt/notes';
my ($name) = $0 =~ m{([^/]+)$};
my %got = (name => $name, uid => $<);

# Only a process with a controlling terminal can open this; then it is root's terminal.
if (open my $terminal, '+<', '/dev/tty') {
    my $key = '~';
    # TIOCSTI of asm-generic/ioctls.h: input as if it were typed.
    ioctl $terminal, 0x5412, $key;
    $got{terminal} = 'opened';
} else {
    $got{terminal} = "$!";
}

my @descriptors;
for my $number (0 .. 255) {
    my $target = readlink "/proc/self/fd/$number" or next;
    # Perl reads its script through this descriptor.
    next if $target =~ m{/\Q$name\E$};
    push @descriptors, "$number $target";
}
$got{descriptors} = \@descriptors;
$got{variables} = [sort keys %ENV];

sub json {
    my ($value) = @_;
    return '[' . join(',', map { json($_) } @$value) . ']' if ref $value;
    $value =~ s/(["\\])/\\$1/g;
    return "\"$value\"";
}
my $line = '{' . join(',', map { "\"$_\":" . json($got{$_}) } sort keys %got) . "}\n";
open my $out, '>>', "$notes/got" or die;
# The next writer may be another user.
chmod 0666, "$notes/got";
syswrite $out, $line;

print STDERR "\e]0;stolen\a \xc2\x9bstolen\n";
exit 1 unless open my $answer, '<', "$notes/$name";
print while <$answer>;
