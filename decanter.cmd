@echo off
rem Runs the decanter command of this checkout: finds a JDK, builds what is missing or stale, starts Java.
rem Environment: DECANTER_JAVA (a JDK's folder), DECANTER_JAVA_OPTS (JVM options).
setlocal
set "ROOT=%~dp0"
set "WORK=%ROOT%cli\target\launcher"
set "STAGE=%WORK%\stage"
set "JDK="

if defined DECANTER_JAVA (
    call :try "%DECANTER_JAVA%"
    if not defined JDK (
        echo decanter: DECANTER_JAVA=%DECANTER_JAVA% is not a JDK 25 or newer; point it to the folder of one>&2
        exit /b 1
    )
)
if not defined JDK if defined JAVA_HOME call :try "%JAVA_HOME%"
if not defined JDK for /f "delims=" %%j in ('where java 2^>nul') do if not defined JDK call :try "%%~dpj.."
if not defined JDK for /d %%d in ("%ProgramFiles%\Eclipse Adoptium\jdk*" "%ProgramFiles%\Java\jdk*" "%ProgramFiles%\Microsoft\jdk*" "%ProgramFiles%\Zulu\zulu*" "%USERPROFILE%\.jdks\*" "%USERPROFILE%\.sdkman\candidates\java\*") do if not defined JDK call :try "%%~fd"
if not defined JDK (
    echo decanter: no JDK 25 or newer found; install Temurin 25 ^(https://adoptium.net^) or set DECANTER_JAVA to a JDK's folder>&2
    exit /b 1
)

call :stale
if errorlevel 1 call :build
if errorlevel 1 exit /b 1

"%JDK%\bin\java.exe" -XX:+UseSerialGC -Xms64m -Dstdout.encoding=UTF-8 -Dstderr.encoding=UTF-8 --enable-native-access=dev.decanter.cpu,dev.decanter.assembler,org.jline.terminal.ffm %DECANTER_JAVA_OPTS% "-Ddecanter.checkout=%ROOT%." -p "%STAGE%" -m dev.decanter.cli/dev.decanter.cli.Main %*
exit /b %errorlevel%

:try
if not exist "%~1\bin\javac.exe" exit /b 1
if not exist "%~1\release" exit /b 1
for /f "tokens=2 delims==." %%v in ('findstr /b "JAVA_VERSION=" "%~1\release"') do set "MAJOR=%%~v"
set "MAJOR=%MAJOR:"=%"
if %MAJOR% GEQ 25 set "JDK=%~f1"
exit /b 0

:stale
if not exist "%STAGE%\started" exit /b 1
powershell -NoProfile -Command "$t = (Get-Item '%STAGE%\started').LastWriteTime; $f = @(Get-Item '%ROOT%pom.xml'; Get-ChildItem '%ROOT%' -Directory | Where-Object { $_.Name -ne 'bench' -and (Test-Path (Join-Path $_.FullName 'pom.xml')) } | ForEach-Object { Get-Item (Join-Path $_.FullName 'pom.xml'); Get-ChildItem (Join-Path $_.FullName 'src\main') -Recurse }); if ($f | Where-Object { $_.LastWriteTime -gt $t } | Select-Object -First 1) { exit 1 }"
exit /b %errorlevel%

:build
echo decanter: building (first run, or sources changed)...>&2
if exist "%WORK%\stage.next" rmdir /s /q "%WORK%\stage.next"
if exist "%ROOT%cli\target\decanter\lib" rmdir /s /q "%ROOT%cli\target\decanter\lib"
mkdir "%WORK%\stage.next"
type nul >"%WORK%\stage.next\started"
set "JAVA_HOME=%JDK%"
pushd "%ROOT%"
call mvnw.cmd -B -q -Dmaven.test.skip=true -pl cli -am package >"%WORK%\build.log" 2>&1
if errorlevel 1 (
    popd
    echo decanter: the build failed, see %WORK%\build.log>&2
    exit /b 1
)
popd
copy /y "%ROOT%cli\target\decanter\lib\*.jar" "%WORK%\stage.next" >nul
copy /y "%ROOT%cli\target\decanter-cli-*.jar" "%WORK%\stage.next" >nul
if exist "%STAGE%" rmdir /s /q "%STAGE%"
move "%WORK%\stage.next" "%STAGE%" >nul
exit /b 0
