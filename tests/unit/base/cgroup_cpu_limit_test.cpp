// SPDX-License-Identifier: MIT
// cgroup_cpu_limit() against made-up trees of control groups, version 1 and 2, nested, in containers and broken.

#include <heddle/base/cgroup_cpu_limit.hpp>

#include <string>

#include <support/catch.hpp>

#if defined(__linux__)

#include <support/temporary_tree.hpp>

using heddle::base::cgroup_cpu_limit;
using heddle::base::unlimited_cpus;
using heddle_test::temporary_tree;

namespace {

/// A line of mountinfo that mounts the hierarchy of version 2, or the cpu controller of version 1.
std::string mount_v2(const std::string& root = "/", const std::string& point = "/sys/fs/cgroup") {
  return "31 23 0:28 " + root + " " + point + " rw,nosuid,nodev shared:4 master:1 - cgroup2 cgroup2 rw,nsdelegate\n";
}
std::string mount_v1(const std::string& root = "/", const std::string& point = "/sys/fs/cgroup/cpu,cpuacct") {
  return "32 23 0:29 " + root + " " + point + " rw,relatime - cgroup cgroup rw,cpu,cpuacct\n";
}

/// A machine with one hierarchy of version 2 at /sys/fs/cgroup, and this process in the group at `path` of it.
struct v2_machine : temporary_tree {
  explicit v2_machine(const std::string& path) {
    write("/proc/self/cgroup", "0::" + path + "\n");
    write("/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + mount_v2());
  }
  void set_max(const std::string& group, const std::string& text) const {
    write("/sys/fs/cgroup" + group + "/cpu.max", text);
  }
};

/// A machine with the cpu controller of version 1 at /sys/fs/cgroup/cpu,cpuacct, and this process in the group at
/// `path`.
struct v1_machine : temporary_tree {
  explicit v1_machine(const std::string& path) {
    write("/proc/self/cgroup", "5:memory:/elsewhere\n4:cpu,cpuacct:" + path + "\n3:cpuset:/\n1:name=systemd:/init\n");
    write("/proc/self/mountinfo", "30 23 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n" + mount_v1() +
                                      "33 23 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  }
  void set_quota(const std::string& group, const std::string& quota, const std::string& period) const {
    write("/sys/fs/cgroup/cpu,cpuacct" + group + "/cpu.cfs_quota_us", quota);
    write("/sys/fs/cgroup/cpu,cpuacct" + group + "/cpu.cfs_period_us", period);
  }
};

}  // namespace

TEST_CASE("without control groups there is no limit", "[cgroup]") {
  CHECK(cgroup_cpu_limit("/no/such/folder") == unlimited_cpus);
  const temporary_tree nothing;
  CHECK(cgroup_cpu_limit(nothing.root()) == unlimited_cpus);
}

TEST_CASE("cpu.max of version 2 is a quota in a period, rounded up", "[cgroup]") {
  const v2_machine machine("/app");
  const auto limit_of = [&](const std::string& text) {
    machine.set_max("/app", text);
    return cgroup_cpu_limit(machine.root());
  };
  CHECK(limit_of("200000 100000\n") == 2);
  CHECK(limit_of("150000 100000\n") == 2);
  CHECK(limit_of("200001 100000\n") == 3);
  CHECK(limit_of("50000 100000\n") == 1);
  CHECK(limit_of("1 1000000\n") == 1);
  CHECK(limit_of("8000 1000\n") == 8);
  CHECK(limit_of("300000 100000") == 3);
  CHECK(limit_of("max 100000\n") == unlimited_cpus);
}

TEST_CASE("a cpu.max that is no quota limits nothing", "[cgroup]") {
  const v2_machine machine("/app");
  const std::string text = GENERATE("", "\n", "0 100000\n", "100000 0\n", "-1 100000\n", "100000\n", "100000 -5\n",
                                    "lots 100000\n", "100000 100000 100000\n", " 100000 100000\n", "1e5 100000\n",
                                    "18446744073709551616 100000\n", "100000 99999999999999999999999\n");
  CAPTURE(text);
  machine.set_max("/app", text);
  CHECK(cgroup_cpu_limit(machine.root()) == unlimited_cpus);
}

TEST_CASE("a quota of more CPUs than an unsigned holds is no limit", "[cgroup]") {
  const v2_machine machine("/app");
  machine.set_max("/app", "4294967297 1\n");
  CHECK(cgroup_cpu_limit(machine.root()) == unlimited_cpus);
  machine.set_max("/app", "18446744073709551615 1\n");
  CHECK(cgroup_cpu_limit(machine.root()) == unlimited_cpus);
  machine.set_max("/app", "4294967294 1\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 4294967294U);
  machine.set_max("/app", "18446744073709551615 18446744073709551615\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 1);
}

TEST_CASE("the smallest quota on the way from the process's group to the mount holds", "[cgroup]") {
  const v2_machine machine("/kubepods/pod7/web");
  machine.set_max("/kubepods/pod7/web", "600000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 6);
  machine.set_max("/kubepods", "500000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 5);
  machine.set_max("/kubepods/pod7", "40000 10000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 4);
  machine.set_max("", "300000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 3);
  machine.set_max("/kubepods/pod7/web", "max 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 3);
}

TEST_CASE("quotas of other groups do not count", "[cgroup]") {
  const v2_machine machine("/app");
  machine.set_max("/app", "400000 100000\n");
  machine.set_max("/app/child", "100000 100000\n");
  machine.set_max("/ap", "100000 100000\n");
  machine.set_max("/sibling", "100000 100000\n");
  machine.write("/cpu.max", "100000 100000\n");
  machine.write("/sys/fs/cpu.max", "100000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 4);
}

TEST_CASE("a process in the root group is limited by the mount's root", "[cgroup]") {
  const v2_machine machine("/");
  CHECK(cgroup_cpu_limit(machine.root()) == unlimited_cpus);
  machine.set_max("", "700000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 7);
}

TEST_CASE("a group that is not there leaves the quotas of those around it", "[cgroup]") {
  const v2_machine machine("/gone/for good (deleted)");
  machine.set_max("/gone", "200000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 2);
}

TEST_CASE("version 1 has quota and period in two files", "[cgroup]") {
  const v1_machine machine("/docker/abc");
  CHECK(cgroup_cpu_limit(machine.root()) == unlimited_cpus);
  machine.set_quota("/docker/abc", "250000\n", "100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 3);
  machine.set_quota("/docker", "100000\n", "50000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 2);
  machine.set_quota("", "1000\n", "100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 1);
}

TEST_CASE("a version 1 quota of -1, 0 or garbage limits nothing", "[cgroup]") {
  const v1_machine machine("/docker/abc");
  const std::string quota = GENERATE("-1\n", "0\n", "", "plenty\n", "10 20\n", "99999999999999999999\n");
  CAPTURE(quota);
  machine.set_quota("/docker/abc", quota, "100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == unlimited_cpus);
  machine.set_quota("/docker", "400000\n", "100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 4);
}

TEST_CASE("a version 1 quota without a period limits nothing", "[cgroup]") {
  const v1_machine machine("/docker/abc");
  machine.write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == unlimited_cpus);
}

TEST_CASE("the controller cpuset or cpuacct alone is not the controller cpu", "[cgroup]") {
  const temporary_tree machine;
  machine.write("/proc/self/cgroup", "2:cpuacct:/a\n3:cpuset:/b\n4:name=cpu:/c\n");
  machine.write("/proc/self/mountinfo", "30 23 0:27 / /cg rw - cgroup cgroup rw,cpu\n");
  machine.write("/cg/cpu.cfs_quota_us", "100000\n");
  machine.write("/cg/cpu.cfs_period_us", "100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == unlimited_cpus);
  machine.write("/proc/self/cgroup", "2:cpuacct,cpu:/a\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 1);
  machine.write("/proc/self/mountinfo", "30 23 0:27 / /cg rw - cgroup cgroup rw,cpuset,cpuacct\n");
  CHECK(cgroup_cpu_limit(machine.root()) == unlimited_cpus);
}

TEST_CASE("on a hybrid machine the smaller of both versions holds", "[cgroup]") {
  const temporary_tree machine;
  machine.write("/proc/self/cgroup", "1:cpu:/one\n0::/two\n");
  machine.write("/proc/self/mountinfo", mount_v1("/", "/cg/cpu") + mount_v2("/", "/cg/unified"));
  machine.write("/cg/cpu/one/cpu.cfs_quota_us", "300000\n");
  machine.write("/cg/cpu/one/cpu.cfs_period_us", "100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 3);
  machine.write("/cg/cpu/two/cpu.max", "100000 100000\n");  // of neither version
  machine.write("/cg/unified/two/cpu.max", "500000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 3);
  machine.write("/cg/unified/two/cpu.max", "200000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 2);
}

TEST_CASE("a container whose mount shows only its own group sees its own quota", "[cgroup]") {
  const temporary_tree machine;
  machine.write("/proc/self/cgroup", "4:cpu,cpuacct:/docker/abc/worker\n");
  machine.write("/proc/self/mountinfo", mount_v1("/docker/abc", "/cg"));
  machine.write("/cg/cpu.cfs_quota_us", "400000\n");
  machine.write("/cg/cpu.cfs_period_us", "100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 4);
  machine.write("/cg/worker/cpu.cfs_quota_us", "200000\n");
  machine.write("/cg/worker/cpu.cfs_period_us", "100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 2);
}

TEST_CASE("a mount that does not show the process's group counts by its root", "[cgroup]") {
  // path of the process, root of the mount: different namespaces, an ancestor without a name, names that only begin
  // alike
  const auto [path, root] = GENERATE(table<std::string, std::string>({{"/", "/docker/abc"},
                                                                      {"/", "/../.."},
                                                                      {"/../..", "/"},
                                                                      {"/../../x", "/.."},
                                                                      {"/../elsewhere", "/"},
                                                                      {"/docker/abcd", "/docker/abc"}}));
  CAPTURE(path, root);
  const temporary_tree machine;
  machine.write("/proc/self/cgroup", "0::" + path + "\n");
  machine.write("/proc/self/mountinfo", mount_v2(root, "/mounts/cg"));
  machine.write("/cpu.max", "100000 100000\n");
  machine.write("/elsewhere/cpu.max", "100000 100000\n");
  machine.write("/mounts/elsewhere/cpu.max", "100000 100000\n");
  machine.write("/mounts/x/cpu.max", "100000 100000\n");
  machine.write("/mounts/cgd/cpu.max", "100000 100000\n");
  machine.write("/mounts/cg/cpu.max", "500000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 5);
}

TEST_CASE("a process outside its namespace's root is found below a mount that reaches as far", "[cgroup]") {
  const temporary_tree machine;
  machine.write("/proc/self/cgroup", "0::/../sibling\n");
  machine.write("/proc/self/mountinfo", mount_v2("/..", "/cg"));
  machine.write("/cg/cpu.max", "500000 100000\n");
  machine.write("/cg/sibling/cpu.max", "200000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 2);
}

TEST_CASE("a mount that shows the process's group wins over one that does not", "[cgroup]") {
  const temporary_tree machine;
  machine.write("/proc/self/cgroup", "0::/mine\n");
  machine.write("/proc/self/mountinfo", mount_v2("/theirs", "/a") + mount_v2("/", "/b") + mount_v2("/others", "/c"));
  machine.write("/a/cpu.max", "100000 100000\n");
  machine.write("/b/mine/cpu.max", "500000 100000\n");
  machine.write("/c/cpu.max", "100000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 5);
  machine.write("/proc/self/mountinfo", mount_v2("/", "/b") + mount_v2("/mine", "/d"));
  machine.write("/d/cpu.max", "400000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 4);
}

TEST_CASE("escaped characters in mountinfo are read as what they mean", "[cgroup]") {
  const temporary_tree machine;
  machine.write("/proc/self/cgroup", "0::/my group/web\n");
  machine.write("/proc/self/mountinfo", mount_v2("/my\\040group", "/with\\040space\\134and\\900\\090\\009\\04"));
  machine.write("/with space\\and\\900\\090\\009\\04/web/cpu.max", "300000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 3);
}

TEST_CASE("malformed lines are skipped and the good ones beside them count", "[cgroup]") {
  const v2_machine machine("/app");
  machine.set_max("/app", "200000 100000\n");
  machine.write("/proc/self/cgroup", "\n:::\n0:\nnonsense\n7::/elsewhere\n0::relative\n0::/app\n");
  machine.write("/proc/self/mountinfo",
                "\n-\n - \n31\n31 23 0:28 / /sys/fs/cgroup\n31 23 0:28 / /x rw\n"
                "31 23 0:28 root /y rw - cgroup2 cgroup2 rw\n31 23 0:28 / z rw - cgroup2 - rw\n" +
                    mount_v2());
  CHECK(cgroup_cpu_limit(machine.root()) == 2);
}

TEST_CASE("files without a last newline and longer than any buffer are read whole", "[cgroup]") {
  const v2_machine machine("/app");
  machine.set_max("/app", "200000 100000");
  std::string mounts;
  for (int i = 0; i < 2000; ++i) mounts += "40 1 0:50 / /var/lib/overlay/" + std::to_string(i) + " rw - overlay o rw\n";
  mounts += mount_v2();
  mounts.pop_back();
  machine.write("/proc/self/mountinfo", mounts);
  machine.write("/proc/self/cgroup", "0::/app");
  CHECK(cgroup_cpu_limit(machine.root()) == 2);
}

TEST_CASE("a folder where a file should be limits nothing", "[cgroup]") {
  const v2_machine machine("/app");
  machine.write("/sys/fs/cgroup/app/cpu.max/file", "");
  machine.set_max("", "600000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 6);
}

TEST_CASE("a quota is looked up anew at each call", "[cgroup]") {
  const v2_machine machine("/app");
  machine.set_max("/app", "200000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 2);
  machine.set_max("/app", "900000 100000\n");
  CHECK(cgroup_cpu_limit(machine.root()) == 9);
}

#endif

TEST_CASE("the machine's own control groups allow at least one CPU", "[cgroup]") {
  CHECK(heddle::base::cgroup_cpu_limit() >= 1);
}
