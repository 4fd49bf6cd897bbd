// What passes over the socket of a state directory, from the command that was typed to the process that carries it out:
// first its working directory, stdout and stderr as descriptors, with its words; then a byte for each Ctrl-C; back
// come the word that it was taken, and the exit status. Both ends are of one build and one machine.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace host {

inline constexpr std::size_t kMostLineBytes = 256 * 1024;
inline constexpr char kInterruptByte = 'i';
inline constexpr std::int32_t kTaken = -1;  ///< instead of an exit status: it is being carried out

/// A descriptor that closes itself; -1: none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }
  int release();

 private:
  int number_;
};

/// A command as it was typed.
struct TypedLine {
  std::vector<std::string> words;  ///< after the program's name
  std::string by;                  ///< who typed it
  Descriptor directory;
  Descriptor out;
  Descriptor err;
};

/// "/proc/self/fd/N/socket": a path of any length fits into a socket's address that way. `directory` must stay open.
std::string socket_path(const Descriptor& directory);

/// False where the peer has gone.
bool send_line(int socket, const TypedLine& line);
/// Throws Refusal where what comes is no line.
TypedLine receive_line(int socket);
bool send_status(int socket, std::int32_t status);
/// False where the peer ends without one.
bool receive_status(int socket, std::int32_t& status);

}  // namespace host
