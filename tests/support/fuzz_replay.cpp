// Runs a fuzz target as an ordinary test: over the committed corpus, and over some changed copies of each of its files,
// the same ones every time. Finds what the fuzzer once found, and much of what a change breaks, without libFuzzer.
//
// fuzz_replay FOLDER     exits 0, or dies as the target does; the input is then in fuzz-replay-input.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int kCopiesOfAFile = 50;
constexpr int kCopiesMax = 5'000;

void RunOne(const std::string& input) {
  // Kept on disk meanwhile, so that whoever finds this process dead knows why.
  std::ofstream("fuzz-replay-input", std::ios::binary) << input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

// Flips, cuts, repeats or inserts some bytes.
std::string Change(std::string input, std::mt19937_64& random) {
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % std::max<size_t>(limit, 1)); };
  for (size_t changes = 1 + below(4); changes > 0; --changes) {
    const size_t at = below(input.size());
    switch (below(5)) {
      case 0:
        if (!input.empty()) input[at] = static_cast<char>(random());
        break;
      case 1:
        if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 2:
        input.resize(at);
        break;
      case 3:
        input.insert(at, input.substr(at, 1 + below(16)));
        break;
      default:
        input.insert(at, 1, static_cast<char>(random()));
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> inputs = {""};
  std::mt19937_64 random(1);
  for (int i = 0; i < 20; ++i) {
    std::string noise(random() % 200, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    inputs.push_back(noise);
  }
  std::vector<std::filesystem::path> files;
  if (argc > 1 && std::filesystem::is_directory(argv[1])) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  for (const std::string& input : inputs) RunOne(input);
  int copies = 0;
  for (const std::string& input : inputs) {
    for (int i = 0; i < kCopiesOfAFile && copies < kCopiesMax; ++i, ++copies) RunOne(Change(input, random));
  }
  std::filesystem::remove("fuzz-replay-input");
  std::cout << files.size() << " files of the corpus, " << copies << " changed copies\n";
  return 0;
}
